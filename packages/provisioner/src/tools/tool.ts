export interface FoundTool {
  kind: 'uv' | 'pixi'
  path: string
  version: string
}
