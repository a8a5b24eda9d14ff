/** The resource that all spans, metrics and exported log lines belong to. */
import {
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';

export const DEFAULT_SERVICE_NAME = 'claude-observatory';

/**
 * Reads `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` by the SDK's own detectors. Host, process and
 * command line are left out, because `target_info` would show all of it.
 */
export function createResource(version: string): Resource {
  return resourceFromAttributes({ [ATTR_SERVICE_NAME]: DEFAULT_SERVICE_NAME })
    .merge(
      // The last detector wins, so the variable of the name has precedence over the list of attributes.
      detectResources({
        detectors: [
          resourceAttributesEnvDetector,
          serviceNameEnvDetector,
          serviceInstanceIdDetector,
        ],
      }),
    )
    .merge(resourceFromAttributes({ [ATTR_SERVICE_VERSION]: version }));
}

/** @returns the service's name, as logs write it */
export function serviceNameOf(resource: Resource): string {
  return String(resource.attributes[ATTR_SERVICE_NAME]);
}
