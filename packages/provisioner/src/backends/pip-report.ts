/** pip's own account of what it installed: the file that `--report` writes, version 1 of its format. */
import { blankLogins } from '../redact.js'
import { normaliseName } from '../requirement.js'
import type { InstalledPackage } from '../stamp.js'

interface ReportItem {
  metadata: { name: string; version: string }
  is_direct?: boolean
  requested?: boolean
  download_info?: { dir_info?: object; archive_info?: { hashes?: { sha256?: string }; hash?: string }; url?: string }
}

/** Read a report; `undefined` when it is not one. */
export function parsePipReport(report: unknown): InstalledPackage[] | undefined {
  const items = (report as { install?: unknown } | undefined)?.install
  if (!Array.isArray(items)) return undefined
  return (items as ReportItem[]).map((item) => ({
    name: normaliseName(item.metadata.name),
    version: item.metadata.version,
    sha256: sha256Of(item),
    from: originOf(item),
    isRequested: item.requested === true,
    url: urlOf(item),
  }))
}

function urlOf({ download_info: info }: ReportItem): string | null {
  return info?.url === undefined
    ? null
    : blankLogins(info.url)
        .replace('://@', '://')
        .replace(/\?[^#]*/, '')
}

function sha256Of({ download_info: info }: ReportItem): string | null {
  // pip before 23.1 has the older form alone.
  const older = /^sha256=([0-9a-f]{64})$/.exec(info?.archive_info?.hash ?? '')?.[1]
  return info?.archive_info?.hashes?.sha256 ?? older ?? null
}

function originOf({ is_direct: isDirect, download_info: info }: ReportItem): InstalledPackage['from'] {
  if (isDirect !== true) return 'index'
  return info?.dir_info !== undefined || info?.url?.startsWith('file:') ? 'path' : 'url'
}
