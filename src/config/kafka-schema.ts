import { Type } from 'typebox'
import { section, text } from './schema-parts.ts'

/** How to reach and authenticate to the brokers. */
export const kafka = section('The Kafka cluster that is archived, and that replays are written to.', {
  brokers: Type.Array(
    Type.String({
      pattern: String.raw`^(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+):\d{1,5}$`,
      expected: 'host:port, an IPv6 host in brackets',
    }),
    {
      description:
        'Some brokers as `host:port`; the others are learned from them. In the variable separated by commas.',
      default: ['127.0.0.1:9092'],
      minItems: 1,
      env: 'COLDSTREAM_KAFKA_BROKERS',
    },
  ),
  clientId: Type.String({
    description: "What the brokers' logs and quotas call this client.",
    default: 'coldstream',
    minLength: 1,
    env: 'COLDSTREAM_KAFKA_CLIENT_ID',
  }),
  compressionType: Type.Enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
    description: 'How replays compress what they write. zstd is also the fastest for events of some hundred bytes.',
    default: 'zstd',
    env: 'COLDSTREAM_KAFKA_COMPRESSION_TYPE',
  }),
  tls: section('Encryption of the connections to the brokers.', {
    enabled: Type.Optional(
      Type.Boolean({
        description: 'Encrypt. On by itself when one of the other `tls` properties is set.',
        defaultText: 'on if another `tls` property is set',
        env: 'COLDSTREAM_KAFKA_TLS',
      }),
    ),
    caFile: text({
      description: "PEM file of the authorities that sign the brokers' certificates, if the system does not know them.",
      path: true,
      env: 'COLDSTREAM_KAFKA_TLS_CA_FILE',
    }),
    certFile: text({
      description: 'PEM file of the certificate that this client shows. Goes with `keyFile`.',
      path: true,
      env: 'COLDSTREAM_KAFKA_TLS_CERT_FILE',
    }),
    keyFile: text({
      description: "PEM file of that certificate's private key.",
      path: true,
      env: 'COLDSTREAM_KAFKA_TLS_KEY_FILE',
    }),
    keyPassphrase: text({
      description: 'Passphrase of the private key.',
      secret: true,
      env: 'COLDSTREAM_KAFKA_TLS_KEY_PASSPHRASE',
    }),
    servername: text({
      description: "Name to expect in the brokers' certificates instead of the host that was connected to.",
      env: 'COLDSTREAM_KAFKA_TLS_SERVERNAME',
    }),
  }),
  sasl: section('Authentication to the brokers.', {
    mechanism: Type.Optional(
      Type.Enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'], {
        description: 'How to authenticate; without it this client does not.',
        env: 'COLDSTREAM_KAFKA_SASL_MECHANISM',
      }),
    ),
    username: text({ description: 'For PLAIN and SCRAM.', env: 'COLDSTREAM_KAFKA_SASL_USERNAME' }),
    password: text({ description: 'For PLAIN and SCRAM.', secret: true, env: 'COLDSTREAM_KAFKA_SASL_PASSWORD' }),
    token: text({
      description: 'Bearer token for OAUTHBEARER; for one command, as it ends while a service runs.',
      secret: true,
      env: 'COLDSTREAM_KAFKA_SASL_TOKEN',
    }),
    tokenFile: text({
      description: 'File with the bearer token, read anew at each authentication: for a token that something renews.',
      path: true,
      env: 'COLDSTREAM_KAFKA_SASL_TOKEN_FILE',
    }),
    tokenEndpointUrl: Type.Optional(
      Type.String({
        description: 'OAuth 2.0 token endpoint that gives out bearer tokens for `clientId` and `clientSecret`.',
        pattern: String.raw`^https?://[^@\s?#]+$`,
        expected: 'an http or https URL without credentials',
        env: 'COLDSTREAM_KAFKA_SASL_TOKEN_ENDPOINT_URL',
      }),
    ),
    clientId: text({ description: 'For `tokenEndpointUrl`.', env: 'COLDSTREAM_KAFKA_SASL_CLIENT_ID' }),
    clientSecret: text({
      description: 'For `tokenEndpointUrl`.',
      secret: true,
      env: 'COLDSTREAM_KAFKA_SASL_CLIENT_SECRET',
    }),
    scope: text({
      description: 'What to ask the token endpoint for, if it needs it.',
      env: 'COLDSTREAM_KAFKA_SASL_SCOPE',
    }),
  }),
})
