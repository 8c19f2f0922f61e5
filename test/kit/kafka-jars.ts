import { mavenJars } from './maven-jars.ts'

/** The release that tests run on unless they ask for another. */
const kafkaVersion = '4.3.1'
const log4jVersion = '2.25.3'

const log4j = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = \${sys:kit.log.target:-SYSTEM_ERR}
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5p %c{1} %m%n
rootLogger.level = \${sys:kit.log.level:-ERROR}
rootLogger.appenderRef.console.ref = console
`

const logging = {
  artifacts: [
    `org.apache.logging.log4j:log4j-slf4j-impl:${log4jVersion}`,
    `org.apache.logging.log4j:log4j-core:${log4jVersion}`,
  ],
  files: { 'log4j2.properties': log4j },
}

/** Folder that holds `libs/*.jar` of Kafka with its tools, and `log4j2.properties`. */
export function kafkaJars(version: string = kafkaVersion): Promise<string> {
  const kafka = ['kafka_2.13', 'kafka-tools'].map((name) => `org.apache.kafka:${name}:${version}`)
  return mavenJars({ ...logging, name: `kafka-${version}`, artifacts: [...kafka, ...logging.artifacts] })
}

/** Folder that holds `libs/*.jar` of Kafka Connect with its file connectors, and `log4j2.properties`. */
export function connectJars(): Promise<string> {
  const artifacts = ['connect-runtime', 'connect-file'].map((name) => `org.apache.kafka:${name}:${kafkaVersion}`)
  return mavenJars({ ...logging, name: `connect-${kafkaVersion}`, artifacts })
}
