import type { Problem } from './problems.ts'
import type { Settings } from './schema.ts'
import type { Config } from './shape.ts'

/** The `headroom` section as its services take it; notes what does not go together. */
export function headroomOf(settings: Settings['headroom'], problems: Problem[]): Config['headroom'] {
  const { intervalMs, warnPercent, criticalPercent, groupsRegex, repeatMs, webhook } = settings
  if (criticalPercent >= warnPercent) {
    problems.push({ where: 'headroom.criticalPercent', message: 'must be less than headroom.warnPercent' })
  }
  const { url, secret = null, ...limits } = webhook
  if (url !== undefined && !URL.canParse(url)) {
    problems.push({ where: 'headroom.webhook.url', message: 'expected an http or https URL' })
  }
  if (url === undefined && secret !== null) {
    problems.push({ where: 'headroom.webhook.secret', message: 'is set, but headroom.webhook.url is not' })
  }
  return {
    intervalMs,
    thresholds: { warnShare: warnPercent / 100, criticalShare: criticalPercent / 100 },
    groups: wholeNameRegex(groupsRegex, problems),
    repeatMs,
    webhook: url === undefined ? null : { url, secret, ...limits },
  }
}

function wholeNameRegex(source: string, problems: Problem[]): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, 'u')
  } catch {
    problems.push({ where: 'headroom.groupsRegex', message: 'expected a regular expression' })
    return /^/
  }
}
