/** How the names of the catalogue read in Prometheus. */

/** The exporter replaces every character that Prometheus does not allow by `_`. */
export function prometheusName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
}
