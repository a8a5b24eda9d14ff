/** One row of the article's comparison of clients, measured. */

export interface ArticleRow {
  readonly client: 'Trae' | 'Axios' | 'Got';
  readonly version: string;
  /** A hook changes what is sent. */
  readonly hooks: boolean;
  /** A function of ours goes around the call, as a span or a timer must. */
  readonly around: boolean;
  /** It may call on again, as a retry must. */
  readonly again: boolean;
  /** It ships its own types. */
  readonly types: boolean;
  /** Connections that eight calls at once opened, of a pool that may have two. */
  readonly connectionsOfTwo: number;
  /** Connections that eight calls opened one after the other, with no pool configured. */
  readonly connectionsInTurn: number;
  /** Of the package and all that it needs, as npm installs it. */
  readonly installedBytes: number;
  /** Of a bundle for Node, by esbuild. */
  readonly minifiedBytes: number;
}
