import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listReferences, readRequirementsFiles } from '../src/requirements-file.js'
import { temporaryFolder } from './fixtures/folders.js'

describe('E: what a requirements file names by path is found', () => {
  test.each([
    ['-r other.txt', 'requirements', 'other.txt'],
    ['-rother.txt', 'requirements', 'other.txt'],
    ['--requirement other.txt', 'requirements', 'other.txt'],
    ['--requirement=other.txt  # why', 'requirements', 'other.txt'],
    ['-c "limits here.txt"', 'constraints', 'limits here.txt'],
    ['-r \\\n  other.txt', 'requirements', 'other.txt'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as pip reads it
    ['-r ${KIND}.txt', 'requirements', 'dev.txt'],
    ['-e .', 'local', '.'],
    ['--editable ./package[extra]', 'local', './package'],
    ['./package', 'local', './package'],
    ['../up.whl ; os_name == "posix"', 'local', '../up.whl'],
    ['wheels/a-1-py3-none-any.whl', 'local', 'wheels/a-1-py3-none-any.whl'],
    ['/abs/a.tar.gz --hash=sha256:0', 'local', '/abs/a.tar.gz'],
    ['a @ file:///abs/a.whl', 'local', '/abs/a.whl'],
    ['file:///abs/a%20b.whl', 'local', '/abs/a b.whl'],
    ['-f ./links', 'links', './links'],
    ['--find-links=links', 'links', 'links'],
  ])('%s', (text, kind, path) => {
    expect(listReferences(text, { KIND: 'dev' })).toEqual([{ kind, path }])
  })

  test.each([
    'six',
    'six>=1 ; os_name == "posix"',
    'six @ https://host/six.whl',
    '# -r other.txt',
    '-r https://host/other.txt',
    '-f https://host/links/',
    '-e git+https://host/r.git#egg=a',
    '--index-url https://host/simple/',
    '--no-index',
    '',
  ])('nothing in %j', (text) => {
    expect(listReferences(text, {})).toEqual([])
  })
})

describe('readRequirementsFiles', () => {
  const options = (folder: string) => ({ env: {}, workingFolder: folder })

  test('E: every file that is drawn in counts, each relative to the one that names it', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'a.txt'), '-r sub/b.txt\n-r a.txt\n./local\n')
    writeFileSync(join(folder, 'sub', 'b.txt'), '-c limits.txt\n--find-links links\n')
    writeFileSync(join(folder, 'sub', 'limits.txt'), 'six<2\n')
    const closure = await readRequirementsFiles([join(folder, 'a.txt')], 'requirements', options(folder))
    expect(closure.files.map(({ role }) => role)).toEqual(['requirements', 'requirements', 'constraints'])
    expect(closure.localPaths).toEqual([join(folder, 'local'), join(folder, 'sub', 'links')])
  })

  test('E: another password makes the same content, another nested byte does not', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.txt')
    writeFileSync(path, '--index-url https://user:one@host/\n-r b.txt\n')
    writeFileSync(join(folder, 'b.txt'), 'six==1.0\n')
    const read = async () => (await readRequirementsFiles([path], 'requirements', options(folder))).files
    const before = await read()
    writeFileSync(path, '--index-url https://user:two@host/\n-r b.txt\n')
    expect(await read()).toEqual(before)
    writeFileSync(join(folder, 'b.txt'), 'six==1.1\n')
    expect(await read()).not.toEqual(before)
  })

  test('E: SOURCE_MISSING names the file that is not there, and the one that names it', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.txt')
    const reading = () => readRequirementsFiles([path], 'requirements', options(folder))
    await expect(reading()).rejects.toMatchObject({ code: 'ERR_PYFERRY_SOURCE_MISSING', facts: { path } })
    writeFileSync(path, '-r b.txt\n')
    await expect(reading()).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SOURCE_MISSING',
      facts: { path: join(folder, 'b.txt'), namedBy: path },
    })
    await expect(readRequirementsFiles([folder], 'requirements', options(folder))).rejects.toMatchObject({
      code: 'ERR_PYFERRY_SOURCE_MISSING',
    })
  })
})
