import { Type } from 'typebox'
import { section, text } from './schema-parts.ts'

/** How to reach a Trino cluster that has the topics as tables. */
export const trino = section(
  'Trino as the engine of queries; its tables are what `coldstream ddl <topic> --engine trino` prints.',
  {
    url: Type.Optional(
      Type.String({
        description: 'URL of the coordinator: `https://host:port`. Without it there is no such engine.',
        pattern: String.raw`^https?://[^@\s?#]+$`,
        expected: 'an http or https URL without credentials',
        env: 'COLDSTREAM_TRINO_URL',
      }),
    ),
    user: Type.String({
      description:
        'Whom queries count for. Let it read these tables and nothing else: any SELECT it may run can be run.',
      default: 'coldstream',
      minLength: 1,
      env: 'COLDSTREAM_TRINO_USER',
    }),
    password: text({
      description: 'Of the user. Needs an https URL.',
      secret: true,
      env: 'COLDSTREAM_TRINO_PASSWORD',
    }),
    accessToken: text({
      description: 'Bearer token, instead of a password. Needs an https URL.',
      secret: true,
      env: 'COLDSTREAM_TRINO_ACCESS_TOKEN',
    }),
    catalog: Type.String({
      description: 'Catalog of the tables.',
      default: 'hive',
      minLength: 1,
      env: 'COLDSTREAM_TRINO_CATALOG',
    }),
    schema: Type.String({
      description: 'Schema of the tables.',
      default: 'events',
      minLength: 1,
      env: 'COLDSTREAM_TRINO_SCHEMA',
    }),
  },
)
