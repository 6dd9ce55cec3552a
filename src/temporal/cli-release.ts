/** The release of Temporal's command line, with the development server in it, that Tidemark installs where none is found. */
export const temporalCliVersion = '1.9.1'

/** The executable of one platform. The archives and wheels around it differ, so what is checked is the file itself. */
export interface CliRelease {
  /** The platform as Temporal's download service names it. */
  readonly platform: 'linux' | 'darwin'
  readonly arch: 'amd64' | 'arm64'
  /** The wheel's platform tag. Named to pip, since the Python at hand may be built for another processor than Node. */
  readonly wheelTag: string
  /** Of the executable, in bytes. */
  readonly size: number
  /** Of the executable, in hexadecimal. */
  readonly sha256: string
}

const releases: Readonly<Record<string, CliRelease>> = {
  'linux-x64': {
    platform: 'linux',
    arch: 'amd64',
    wheelTag: 'manylinux2014_x86_64',
    size: 156_328_098,
    sha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  },
  'linux-arm64': {
    platform: 'linux',
    arch: 'arm64',
    wheelTag: 'manylinux2014_aarch64',
    size: 145_752_226,
    sha256: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  },
  'darwin-x64': {
    platform: 'darwin',
    arch: 'amd64',
    wheelTag: 'macosx_10_9_x86_64',
    size: 160_270_736,
    sha256: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
  },
  'darwin-arm64': {
    platform: 'darwin',
    arch: 'arm64',
    wheelTag: 'macosx_11_0_arm64',
    size: 150_806_194,
    sha256: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
}

/** The release for a platform, as Node names it; nothing where Tidemark cannot install it. */
export function releaseFor(platform: string = process.platform, arch: string = process.arch): CliRelease | undefined {
  return releases[`${platform}-${arch}`]
}
