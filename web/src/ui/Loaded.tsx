// What a query gives: a skeleton until it is there, a note when it failed, then its data.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNote } from "./ErrorNote";
import { Skeleton } from "./Skeleton";

/** Data that was once there stays on the screen when asking again fails, with the note above it. */
export function Loaded<T>({
  query,
  skeleton,
  children,
}: {
  query: UseQueryResult<T>;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  const retry = () => void query.refetch();
  return (
    <>
      {query.isError && <ErrorNote error={query.error} onRetry={retry} />}
      {query.data !== undefined && children(query.data)}
      {query.isPending && (skeleton ?? <Skeleton lines={5} />)}
    </>
  );
}
