// What operators order of a cluster or a node. Each order is one request, given at most once under
// its key; a rehearsal (`dry_run`) changes nothing and needs none.
import { api, path, type Request } from "./client";
import type {
  Cluster,
  FailoverReport,
  FailoverRequest,
  MaintenanceEndRequest,
  MaintenanceRequest,
  NodeChange,
  NodeMaintenance,
  NodePlacement,
  PauseRequest,
  PolicyPatch,
  RebuildReport,
  RebuildRequest,
  RejoinReport,
  RejoinRequest,
  RepointReport,
  RepointRequest,
  ResumeRequest,
  SwitchoverReport,
  SwitchoverRequest,
} from "./types";

export const orders = {
  switchOver: (cluster: string, order: SwitchoverRequest, request?: Request) =>
    api.post<SwitchoverReport>(path`/v1/clusters/${cluster}/switchover`, order, request),
  failOver: (cluster: string, order: FailoverRequest, request?: Request) =>
    api.post<FailoverReport>(path`/v1/clusters/${cluster}/failover`, order, request),
  pause: (cluster: string, order: PauseRequest, request?: Request) =>
    api.post<Cluster>(path`/v1/clusters/${cluster}/pause`, order, request),
  resume: (cluster: string, order: ResumeRequest, request?: Request) =>
    api.post<Cluster>(path`/v1/clusters/${cluster}/resume`, order, request),
  changePolicy: (cluster: string, change: PolicyPatch, request?: Request) =>
    api.patch<Cluster>(path`/v1/clusters/${cluster}/policy`, change, request),
  rejoin: (node: string, order: RejoinRequest, request?: Request) =>
    api.post<RejoinReport>(path`/v1/nodes/${node}/rejoin`, order, request),
  rebuild: (node: string, order: RebuildRequest, request?: Request) =>
    api.post<RebuildReport>(path`/v1/nodes/${node}/rebuild`, order, request),
  repoint: (node: string, order: RepointRequest, request?: Request) =>
    api.post<RepointReport>(path`/v1/nodes/${node}/repoint`, order, request),
  maintain: (node: string, order: MaintenanceRequest, request?: Request) =>
    api.put<NodeMaintenance>(path`/v1/nodes/${node}/maintenance`, order, request),
  endMaintenance: (node: string, order: MaintenanceEndRequest, request?: Request) =>
    api.delete<NodeMaintenance>(path`/v1/nodes/${node}/maintenance`, order, request),
  place: (node: string, order: NodeChange, request?: Request) =>
    api.patch<NodePlacement>(path`/v1/nodes/${node}`, order, request),
};
