# The images that are built here: `service` (the default), and for the local stack `simulator`, `receiver` and
# `console`. The Node version is that of package.json; a test compares them.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package that the service needs has an install script; the pinned Node, which has one, is for
# development. Nothing reads source maps and types where it runs, and they are two fifths of the packages.
RUN npm ci --omit=dev --ignore-scripts --no-fund --no-audit \
  && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM ${NODE_IMAGE} AS base
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
USER node
# Commands have the exec form: without a shell or npm between, Node is PID 1 and gets SIGTERM itself.

FROM base AS receiver
COPY observability/alertmanager observability/alertmanager
COPY observability/runbooks observability/runbooks
EXPOSE 9095
HEALTHCHECK --interval=5s --timeout=3s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9095/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "observability/alertmanager/receiver-main.ts"]

FROM base AS simulator
COPY --from=dependencies /app/node_modules node_modules
COPY loadtest/simulator loadtest/simulator
# The one file of the service that the simulator uses.
COPY app/http/hosts.ts app/http/hosts.ts
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=3s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/__sim/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "loadtest/simulator/main.ts"]

FROM dependencies AS page
# The console's page has the chart library from its package, which the service does not need.
RUN npm ci --ignore-scripts --no-fund --no-audit

FROM base AS console
COPY --from=dependencies /app/node_modules node_modules
COPY --from=page /app/node_modules/uplot node_modules/uplot
COPY observability/console observability/console
COPY observability/grafana/dashboards observability/grafana/dashboards
COPY observability/runbooks observability/runbooks
COPY observability/local/components.ts observability/local/one-id.ts observability/local/otlp.ts observability/local/trace-sources.ts observability/local/
COPY observability/slo.ts observability/slo.ts
COPY app/http/hosts.ts app/http/hosts.ts
COPY app/telemetry/correlation.ts app/telemetry/lean-context.ts app/telemetry/
EXPOSE 8090
HEALTHCHECK --interval=5s --timeout=3s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8090/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "observability/console/main.ts"]

FROM base AS service
COPY --from=dependencies /app/node_modules node_modules
COPY app app
# Nobody can reach the loopback address of a container.
ENV HOST=0.0.0.0 METRICS_HOST=0.0.0.0
# Types are stripped and code is compiled when the image is built: an instance loads its code in three fifths of the time, and
# never loads what strips types. The cache belongs to this user; another one starts without it.
ENV NODE_COMPILE_CACHE=/home/node/.cache/node-compile
RUN node app/main.ts 2>/dev/null; [ $? -eq 78 ]
# The heap holds what BODY_BUDGET_BYTES admits at its default; the container needs 832 MiB in all.
ENV NODE_OPTIONS=--max-old-space-size=320
EXPOSE 8080 9464
HEALTHCHECK --interval=5s --timeout=3s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "app/main.ts"]
