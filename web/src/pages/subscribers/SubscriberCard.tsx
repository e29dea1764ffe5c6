// A subscriber on a narrow screen.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Subscriber } from "../../api/types";
import { Time } from "../../ui/Time";
import { Delay, Nacks, Revision, Standing, ToldOf } from "./cells";
import css from "./Subscribers.module.css";

export function SubscriberCard({ subscriber }: { subscriber: Subscriber }) {
  const { t } = useTranslation("subscribers");
  return (
    <article className={css.card}>
      <p className={css.cardHead}>
        <strong className={css.id}>{subscriber.id}</strong>
        <Standing subscriber={subscriber} />
      </p>
      <p className={css.faint}>
        {t(`kind.${subscriber.kind}`)} · {subscriber.version} · {subscriber.address}
      </p>
      <dl className={css.cardFacts}>
        <Fact label={t("column.sent")}>
          <Revision value={subscriber.sent} />
        </Fact>
        <Fact label={t("column.acked")}>
          <Revision value={subscriber.acked} />
        </Fact>
        <Fact label={t("column.delay")}>
          <Delay subscriber={subscriber} />
        </Fact>
        <Fact label={t("column.connected")}>
          <Time at={subscriber.connected_at} />
        </Fact>
      </dl>
      <p>
        {t("column.told")}: <ToldOf subscriber={subscriber} />
      </p>
      {subscriber.nacks > 0 && <Nacks subscriber={subscriber} />}
    </article>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
