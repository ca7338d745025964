/** Text without credentials, for whatever leaves this package: events, errors, the stamp. */

/**
 * `scheme://user:password@`, also with a raw `@` in the password, as long as it stands within the authority. A login may
 * hold anything but what ends an authority. Of the scheme only the last letter is looked at: to look for its first takes time
 * that grows with the square of a long word.
 */
const LOGIN_IN_URL = /(?<=[a-z0-9+.-]):\/\/[^\s/?#'"<>]*@/gi

/** Shorter ones would blank ordinary words. */
const MIN_SECRET_LENGTH = 4

/** Variables that are a password as a whole: those of uv's named indexes. */
const SECRET_NAME = /^UV_INDEX_.*_PASSWORD$/

/** Blank the logins of all URLs in `text`: `scheme://***@host`. */
export function redactUrls(text: string): string {
  return replaceLogins(text, '://***@')
}

/** Blank the logins, as the key wants it: `scheme://@host`, so that a new password makes no new environment (a URL with a login and one without stay apart). */
export function blankLogins(text: string): string {
  return replaceLogins(text, '://@')
}

/** Most texts have none, and to look for the whole pattern in a large lock file takes a millisecond. */
function replaceLogins(text: string, by: string): string {
  return text.includes('@') ? text.replace(LOGIN_IN_URL, by) : text
}

/**
 * Make a function that blanks the logins of URLs, and also the passwords that stand in URLs of the variables `env`, wherever
 * they turn up: a build script may print its whole environment in any form. The variables are looked through when the first text
 * comes: a hit has none.
 */
export function makeRedactor(env: Readonly<Record<string, string | undefined>>): (text: string) => string {
  let secrets: readonly string[] | undefined
  return (text) => {
    secrets ??= listSecrets(env)
    return secrets.reduce((redacted, secret) => redacted.replaceAll(secret, '***'), redactUrls(text))
  }
}

/** The longest first: one may be a part of another. */
function listSecrets(env: Readonly<Record<string, string | undefined>>): string[] {
  const secrets = new Set<string>()
  const add = (secret: string) => {
    for (const form of [secret, decode(secret), encodeURIComponent(decode(secret))]) {
      if (form.length >= MIN_SECRET_LENGTH) secrets.add(form)
    }
  }
  for (const [name, value] of Object.entries(env)) {
    if (SECRET_NAME.test(name) && value) add(value)
    for (const [login] of (value ?? '').matchAll(LOGIN_IN_URL)) {
      const userInfo = login.slice(login.indexOf('://') + 3, -1)
      const secret = userInfo.includes(':') ? userInfo.slice(userInfo.indexOf(':') + 1) : userInfo
      add(secret)
    }
  }
  return [...secrets].sort((left, right) => right.length - left.length)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
