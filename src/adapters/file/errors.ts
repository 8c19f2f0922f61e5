import { InvalidInputError, NotFoundError, UnavailableError } from '../../errors.ts'

/** The system's error code (`ENOENT`), or null when it is no error of a system call. */
export function systemCode(error: unknown): string | null {
  const isSystem = error instanceof Error && 'errno' in error && 'code' in error
  return isSystem && typeof error.code === 'string' ? error.code : null
}

export function objectNotFound(url: string, path: string): NotFoundError {
  return new NotFoundError('object-not-found', `There is no object ${path} in ${url}.`, {
    remedy: 'Run `coldstream verify` on its topic: an object that the commit log names must be there.',
    details: { path },
  })
}

/**
 * Names a failed system call by what the operator has to do; any other error is given back as it is. `file` is the path
 * in the file system.
 */
export function fileError(error: unknown, doing: string, file: string): unknown {
  const code = systemCode(error)
  if (code === null) return error
  const facts = (remedy: string) => ({ remedy, cause: error, details: { file, systemCode: code } })
  const what = `Could not ${doing} ${file}`
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UnavailableError(
        'store-full',
        `${what}: ${code === 'ENOSPC' ? 'the disk is full' : 'the quota is used up'}.`,
        facts('Free space on that file system or move the archive to a larger one; capture then goes on by itself.'),
      )
    case 'EROFS':
      return new UnavailableError(
        'store-read-only',
        `${what}: the file system is mounted read-only.`,
        facts('Mount it writable; after disk errors Linux remounts read-only, so look at the kernel log first.'),
      )
    case 'EACCES':
    case 'EPERM':
      return new UnavailableError(
        'store-permission',
        `${what}: permission denied (${code}).`,
        facts(
          'Give the user that runs Coldstream read, write and search permission on the archive folder and all below it; ' +
            'the file system must allow hard links.',
        ),
      )
    case 'ENOTSUP':
    case 'ENOSYS':
    case 'EXDEV':
    case 'EMLINK':
      return new UnavailableError(
        'store-unsupported',
        `${what}: the file system cannot hard-link a file from the archive's .tmp folder to its place (${code}).`,
        facts('Keep the whole archive on one local file system with hard links (ext4, xfs, zfs, apfs, …).'),
      )
    case 'ELOOP':
      return symbolicLink(file)
    case 'ENAMETOOLONG':
      return new InvalidInputError(
        'object-path-invalid',
        `${what}: the name is too long for the file system.`,
        facts('Put the archive into a folder with a shorter path.'),
      )
    case 'ENOTDIR':
    case 'EISDIR':
      return pathTaken(file)
    default:
      return new UnavailableError(
        'store-unavailable',
        `${what}: ${code}.`,
        facts('Check the disk, the mount and the limit of open files, then try again.'),
      )
  }
}

/** A symbolic link could lead out of the archive, so none is followed below its root. */
export function symbolicLink(file: string): InvalidInputError {
  return new InvalidInputError('store-symbolic-link', `${file} is, or is reached through, a symbolic link.`, {
    remedy: 'Replace the link by the folder or file itself; only the root of the archive may be a link.',
    details: { file },
  })
}

export function pathTaken(file: string): InvalidInputError {
  return new InvalidInputError(
    'object-path-taken',
    `${file} cannot be an object: it is a folder, or a part of its path is a file.`,
    {
      remedy: 'Remove what does not belong to the archive from its folder.',
      details: { file },
    },
  )
}
