/** What a program may say about the tools that make environments. */
export interface ToolOptions {
  /** Path of the uv to use. @default PYFERRY_UV, then what is found */
  uvPath?: string | undefined
  /** Path of the pixi to use. @default PYFERRY_PIXI, then what is found */
  pixiPath?: string | undefined
}
