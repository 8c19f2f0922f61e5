import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Certificates, makeCertificates } from './certificates.ts'
import { type KafkaServer, startKafka } from './kafka.ts'
import { tokenAudience, tokenIssuer, writeKeySet } from './tokens.ts'

/** A broker with a listener for each way to be secure, and an open one for those who judge. */
export interface SecureKafka {
  kafka: KafkaServer
  certificates: Certificates
  /** `host:port` of the listener that wants TLS and SASL. */
  sasl: string
  /** `host:port` of the listener that wants a client's certificate. */
  mutualTls: string
  stop(): Promise<void>
}

/** The user of PLAIN and SCRAM. */
export const secureUser = { username: 'alice', password: 'a-very-secret-word' }

const security = 'org.apache.kafka.common.security'

/** Starts it. Sessions end after so long and have to authenticate anew. */
export async function startSecureKafka(sessionMs: number): Promise<SecureKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-secure-'))
  const certificates = await makeCertificates(folder)
  const keySet = join(folder, 'keys.json')
  await writeKeySet(keySet)
  const keySetUrl = pathToFileURL(keySet).href
  const tls = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.server,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.ca,
  }
  const { username, password } = secureUser
  const kafka = await startKafka({
    scramUsers: { [username]: password },
    javaOptions: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keySetUrl}`],
    listeners: {
      SECURE: {
        protocol: 'SASL_SSL',
        settings: {
          ...tls,
          'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
          'plain.sasl.jaas.config': `${security}.plain.PlainLoginModule required user_${username}="${password}";`,
          'scram-sha-256.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
          'scram-sha-512.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
          'oauthbearer.sasl.jaas.config': `${security}.oauthbearer.OAuthBearerLoginModule required;`,
          'oauthbearer.sasl.server.callback.handler.class': `${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
          'oauthbearer.sasl.oauthbearer.jwks.endpoint.url': keySetUrl,
          'oauthbearer.sasl.oauthbearer.expected.issuer': tokenIssuer,
          'oauthbearer.sasl.oauthbearer.expected.audience': tokenAudience,
          'connections.max.reauth.ms': String(sessionMs),
        },
      },
      MUTUAL: { protocol: 'SSL', settings: { ...tls, 'ssl.client.auth': 'required' } },
    },
  })
  return {
    kafka,
    certificates,
    sasl: kafka.listeners.SECURE!,
    mutualTls: kafka.listeners.MUTUAL!,
    async stop() {
      await kafka.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
