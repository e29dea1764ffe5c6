// Addresses of this page's neighbours.

export const clusterPath = (name: string) => `/clusters/${encodeURIComponent(name)}`;
export const nodePath = (name: string) => `/nodes/${encodeURIComponent(name)}`;
export const recoveryPath = (id: string) => `/recoveries/${encodeURIComponent(id)}`;
