/** snappyjs has no types of its own. https://github.com/zhipeng-jia/snappyjs */
declare module 'snappyjs' {
  export function compress(uncompressed: Buffer): Buffer;
  export function uncompress(compressed: Buffer): Buffer;
}
