import { Link } from "react-router";
import { UNKNOWN } from "../../format";

export function ClusterLink({ name }: { name: string }) {
  return <Link to={`/clusters/${encodeURIComponent(name)}`}>{name}</Link>;
}

export function NodeLink({ name }: { name: string | null }) {
  return name === null ? UNKNOWN : <Link to={`/nodes/${encodeURIComponent(name)}`}>{name}</Link>;
}
