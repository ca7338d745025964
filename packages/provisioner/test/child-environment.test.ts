import { expect, test } from 'vitest'
import { installerEnvironment } from '../src/child-environment.js'

test('E: what would turn Python or pip elsewhere is removed, what names indexes and certificates stays', () => {
  const kept = {
    PATH: '/bin',
    HOME: '/home/me',
    HTTPS_PROXY: 'http://proxy',
    SSL_CERT_FILE: '/cert',
    PIP_INDEX_URL: 'https://user:pw@host/',
    PIP_EXTRA_INDEX_URL: 'a',
    PIP_FIND_LINKS: 'b',
    PIP_NO_INDEX: '1',
    PIP_CONSTRAINT: 'c',
    PIP_PRE: '1',
    PIP_REQUIRE_HASHES: '1',
    PIP_TRUSTED_HOST: 'h',
    PIP_CERT: '/cert',
    PIP_CLIENT_CERT: '/cert',
    PIP_PROXY: 'p',
    PIP_KEYRING_PROVIDER: 'k',
    PIP_CONFIG_FILE: '/pip.conf',
    UV_PYTHON_INSTALL_MIRROR: 'https://host/pythons',
    UV_PYTHON_DOWNLOADS_JSON_URL: 'https://host/pythons.json',
  }
  const removed = [
    ...['HOME', 'PATH', 'EXECUTABLE', 'PLATLIBDIR', 'STARTUP', 'USERBASE', 'PYCACHEPREFIX'].map(
      (name) => `PYTHON${name}`,
    ),
    ...['TARGET', 'PREFIX', 'ROOT', 'PYTHON', 'REQUIRE_VIRTUALENV', 'NO_INPUT'].map((name) => `PIP_${name}`),
    ...['__PYVENV_LAUNCHER__', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'UV_PYTHON', 'UV_SYSTEM_PYTHON', 'PIXI_PROJECT_ROOT'],
  ].filter((name) => name !== 'PYTHONPYCACHEPREFIX')
  const host = {
    ...kept,
    ...Object.fromEntries(removed.map((name) => [name, 'x'])),
    PYTHONPYCACHEPREFIX: 'x',
    GONE: undefined,
  }
  expect(installerEnvironment(host)).toEqual({
    ...kept,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_USER: '0',
    UV_NO_PROGRESS: '1',
  })
})
