import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/**
 * The codec in which a replay writes, for kafkajs, which brings only gzip:
 * `CompressionCodecs[CompressionTypes.ZSTD] = zstdCodec`.
 */
export const zstdCodec = () => ({
  compress: ({ buffer }: { buffer: Buffer }): Promise<Buffer> => compress(buffer),
  decompress: (buffer: Buffer): Promise<Buffer> => decompress(buffer),
})
