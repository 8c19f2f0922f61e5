import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'

/** A server whose routes are typed and checked by their TypeBox schemas. */
export type Server = ReturnType<typeof createServer>

const maxBodyBytes = 1024 * 1024

export function createServer() {
  return Fastify({
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
    forceCloseConnections: true,
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler)
}
