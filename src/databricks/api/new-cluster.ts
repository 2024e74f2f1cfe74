import type { JsonObject, JsonValue } from '../../lib/json.ts';
import type { NodeType, SparkVersion } from '../types.ts';

/** What a cluster is made of. What is left out the server chooses, or the client where a server insists on being told. */
export interface ClusterSpec {
  readonly name: string;
  readonly workers: number;
  readonly sparkVersion?: string | undefined;
  /** API 2.x only. */
  readonly nodeType?: string | undefined;
  /** Cheaper machines that the cloud may take back. */
  readonly useSpot?: boolean | undefined;
  readonly zoneId?: string | undefined;
  readonly sparkConf?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** API 2.x only. 0: never. */
  readonly autoterminationMinutes?: number | undefined;
}

/** As API 1.2 takes it ("clusters/create"). */
export function firstFields(spec: ClusterSpec): JsonObject {
  return {
    name: spec.name,
    numWorkerContainers: spec.workers,
    ...given('useSpot', spec.useSpot),
    ...given('sparkVersion', spec.sparkVersion),
    ...given('zoneId', spec.zoneId),
    ...given('sparkConf', spec.sparkConf),
  };
}

/** As API 2.x takes it. */
export function secondFields(spec: ClusterSpec): JsonObject {
  return {
    cluster_name: spec.name,
    num_workers: spec.workers,
    ...given('spark_version', spec.sparkVersion),
    ...given('node_type_id', spec.nodeType),
    ...given('spark_conf', spec.sparkConf && texts(spec.sparkConf)),
    ...given('autotermination_minutes', spec.autoterminationMinutes),
    ...given('aws_attributes', awsAttributes(spec)),
  };
}

function given(name: string, value: JsonValue | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

/** API 2.x takes texts only. */
function texts(settings: Readonly<Record<string, string | number | boolean>>): JsonObject {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}

function awsAttributes({ useSpot, zoneId }: ClusterSpec): JsonObject | undefined {
  if (useSpot === undefined && zoneId === undefined) return undefined;
  const availability = useSpot === undefined ? undefined : useSpot ? 'SPOT_WITH_FALLBACK' : 'ON_DEMAND';
  return { ...given('availability', availability), ...given('zone_id', zoneId) };
}

/** The newest plain runtime, with long-term support if there is one: as the vendor's SDKs choose it. */
export function newest(versions: readonly SparkVersion[]): string | undefined {
  const plain = versions.filter(({ key, name }) => !/-(?:ml|gpu|photon|aarch64|hls)-|beta/i.test(`${key}-${name}`));
  const supported = plain.filter(({ name }) => /LTS/.test(name));
  return (supported.length > 0 ? supported : plain).toSorted((a, b) => numberOf(b) - numberOf(a))[0]?.key;
}

function numberOf({ key }: SparkVersion): number {
  const [major = 0, minor = 0] = key.split('.').map((part) => Number.parseInt(part, 10));
  return major * 1000 + minor;
}

/** The smallest machine, as the vendor's SDKs choose it; `undefined` where there is none. */
export function smallest(types: readonly NodeType[]): string | undefined {
  const plain = types.filter(({ usable, gpus }) => usable && gpus === 0);
  return plain.toSorted((a, b) => a.cores - b.cores || a.memoryMb - b.memoryMb)[0]?.id;
}
