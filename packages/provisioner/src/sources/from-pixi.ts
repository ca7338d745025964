/** A pixi project: its manifest and lock file say everything, pixi reads them. */

import { closestName, OptionError } from '@pyferry/errors'
import { currentFolder } from '../child-environment.js'
import type { Source } from '../source.js'
import { assemble } from './assemble.js'
import { readPixiManifest } from './pixi-manifest.js'

/**
 * Read it.
 *
 * @throws SpecError (SOURCE_MISSING, SPEC_INVALID)
 * @throws OptionError for an environment that the manifest does not have
 */
export async function readPixiSource({
  manifest,
  environment,
}: {
  manifest: string
  environment: string
}): Promise<Source> {
  const { path, folder, lock, files, environments, localPaths } = await readPixiManifest(manifest)
  if (!environments.includes(environment)) {
    const closest = closestName(environment, environments)
    throw new OptionError('pixi.environment', environment, `one of ${environments.join(', ')}`, {
      hint: closest === undefined ? undefined : `did you mean ${closest}?`,
    })
  }
  return await assemble(
    {
      kind: 'pixi',
      files,
      // Which of the manifest's environments it is.
      groups: [environment],
      pixi: { manifest: path, lock, environment },
      localPaths: localPaths.map((each) => each.path),
      workingFolder: folder,
    },
    { env: {}, folder: currentFolder(), onIgnored: () => {} },
  )
}
