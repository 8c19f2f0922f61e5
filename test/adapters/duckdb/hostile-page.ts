import { BOMBS, REFUSED } from './hostile-statements.ts'

/** docs/hostile-statements.md, as the tests hold it: `node test/adapters/duckdb/hostile-page.ts > docs/hostile-statements.md`. */
export function hostilePage(): string {
  const count = REFUSED.reduce((sum, { statements }) => sum + statements.length, 0)
  return [
    '# Hostile statements',
    '',
    `Statements that \`test/adapters/duckdb/hostile.test.ts\` gives to the embedded engine: ${count} that read, write, load, set or tell what`,
    `they may not are refused (\`sql-forbidden\` or \`sql-invalid\`), ${BOMBS.length} that would never end or take all memory end at a limit. \`%\` stands for a`,
    'folder beside the archive. How the engine does it: [query.md](query.md#what-a-statement-may-do).',
    '',
    '| What it tries | Statement | Ends with |',
    '|---|---|---|',
    ...REFUSED.flatMap(({ title, statements }) =>
      statements.map((statement) => `| ${title} | ${shown(statement)} | refused |`),
    ),
    ...BOMBS.map(
      ([what, statement, codes]) => `| Taking all there is: ${what} | ${shown(statement)} | ${codes.join(' or ')} |`,
    ),
    '',
  ].join('\n')
}

function shown(statement: string): string {
  if (statement === '') return '(empty)'
  const short = statement.length > 160 ? `${statement.slice(0, 80)} … (${statement.length} characters)` : statement
  return `\`${short.replaceAll('|', '\\|').replaceAll('\0', '\\0')}\``
}

if (import.meta.main) process.stdout.write(hostilePage())
