import { type Command, Option } from 'commander'
import { replayOrders } from '../replay/request/request.ts'
import { collect, decimal, offsets, pairs, partitionList, wholeNumber } from './option-values.ts'

/** The arguments and options of `coldstream replay`. */
export function replayOptions(command: Command): Command {
  return command
    .description('emit archived records into a fresh topic')
    .argument('<topics...>', 'archived topics')
    .requiredOption('--to <target>', 'topic to emit into, created when it does not exist; a=x,b=y for each its own')
    .option('--id <name>', 'name of the replay; the same name and selection again continues it')
    .option('--from <time>', 'first record timestamp: ISO 8601 or epoch milliseconds')
    .option('--until <time>', 'record timestamp to stop before')
    .option('--from-offset <partition:offset>', 'first offset of a partition; repeatable', offsets, {})
    .option('--until-offset <partition:offset>', 'offset of a partition to stop before; repeatable', offsets, {})
    .option('--partitions <list>', 'only these partitions: 0,3,5-7', partitionList)
    .option('--key <text>', 'only records with this key; repeatable', collect, [])
    .option('--key-prefix <text>', 'only records whose key begins so; repeatable', collect, [])
    .option('--header <name=value>', 'only records with this header; repeatable', pairs, {})
    .option('--where <condition>', 'only records that meet a SQL condition over the columns of a row')
    .option('--live', 'go on behind the archive, up to the end that the topics have now', false)
    .addOption(new Option('--order <order>', 'in which order').choices(replayOrders).default('partition'))
    .option('--target-partitions <count>', 'partitions of the target, with order key or time', wholeNumber)
    .option('--records-per-second <rate>', 'no faster than this', decimal)
    .option('--bytes-per-second <rate>', 'no faster than this', decimal)
    .option('--speed <factor>', 'multiple of the speed at which the timestamps went by', decimal)
    .option('--upcaster <name>', 'change each record by this module of the upcasters folder')
    .option('--stamp', 'add headers that say where a record comes from', false)
    .option('--drop-header <name>', 'leave this header out; repeatable', collect, [])
    .option('--dead-letters <topic>', 'topic for records that cannot be changed')
    .option('--max-dead-letters <count>', 'stop beyond so many', wholeNumber)
    .option('--accept <code>', 'put up with this warning; repeatable', collect, [])
    .option('--dry-run', 'plan and check, emit nothing', false)
    .option('--wait', 'wait for the end (always so: without a server the replay runs in this process)', false)
}
