import { join } from 'node:path'
import { mavenJars } from '../../test/kit/maven-jars.ts'

const sparkVersion = '4.2.0'
/** The Hadoop that Spark brings, and the AWS SDK that this Hadoop was built with. */
const hadoopVersion = '3.5.0'
const awsVersion = '2.35.4'

/** The Python package of the same Spark. */
export const sparkPackages = [`pyspark==${sparkVersion}`]

/** Folder of the jars that let Spark read Kafka and write to S3. */
export async function sparkJars(): Promise<string> {
  const home = await mavenJars({
    name: `spark-kafka-s3a-${sparkVersion}`,
    artifacts: [
      `org.apache.spark:spark-sql-kafka-0-10_2.13:${sparkVersion}`,
      // its bundle is the whole AWS SDK, 600 MB; these three are what S3 takes
      { artifact: `org.apache.hadoop:hadoop-aws:${hadoopVersion}`, without: 'software.amazon.awssdk:bundle' },
      `software.amazon.awssdk:s3-transfer-manager:${awsVersion}`,
      `software.amazon.awssdk:sts:${awsVersion}`,
      `software.amazon.awssdk:apache-client:${awsVersion}`,
    ],
  })
  return join(home, 'libs')
}
