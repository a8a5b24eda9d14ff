/** The tools of the Docker-free stack: which, of what version, and where each comes from. */

/** Unpacked from Debian 12's packages into `.tools/debian`; their versions are the release's. */
export const PROMETHEUS_PACKAGES = [
  'prometheus',
  // The parts of the classic UI that Debian packages apart.
  'fonts-glyphicons-halflings',
  'libjs-bootstrap4',
  'libjs-d3',
  'libjs-eonasdan-bootstrap-datetimepicker',
  'libjs-jquery',
  'libjs-jquery-hotkeys',
  'libjs-moment',
  'libjs-moment-timezone',
  'libjs-mustache',
  'libjs-popper.js',
  'libjs-rickshaw',
  'node-moment',
] as const;

/** Redis with the libraries that it alone needs, from the same release. */
export const REDIS_PACKAGES = [
  'redis-server',
  'redis-tools',
  'libjemalloc2',
  'liblzf1',
  'libatomic1',
];

/** An AWS Secrets Manager for the tests, Apache-2.0, from PyPI. */
export const MOTO_VERSION = '5.2.5';

/**
 * Built by `go install`, alertmanager and amtool: Debian's open a template at a fixed system path and
 * do not know `url_file`. 0.34's module lacks its UI and does not build.
 */
export const ALERTMANAGER_MODULE = 'github.com/prometheus/alertmanager/cmd';
export const ALERTMANAGER_VERSION = '0.31.1';

/** AGPL-3.0, run as a separate program; installed only by `make k6`, see docs/adr/0008. */
export const K6_MODULE = 'go.k6.io/k6/v2@v2.3.0';

/** Builds the collector of observability/collector/builder.yaml, whose version it has. */
export const COLLECTOR_BUILDER_MODULE = 'go.opentelemetry.io/collector/cmd/builder@v0.160.0';
