import { mavenJars } from './maven-jars.ts'

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

/** Folder that holds `libs/*.jar` of Kafka with its tools, and `log4j2.properties`. */
export function kafkaJars(): Promise<string> {
  return mavenJars({
    name: `kafka-${kafkaVersion}`,
    artifacts: [
      `org.apache.kafka:kafka_2.13:${kafkaVersion}`,
      `org.apache.kafka:kafka-tools:${kafkaVersion}`,
      `org.apache.logging.log4j:log4j-slf4j-impl:${log4jVersion}`,
      `org.apache.logging.log4j:log4j-core:${log4jVersion}`,
    ],
    files: { 'log4j2.properties': log4j },
  })
}
