// The timeline, drawn to scale: a row for each phase, a mark for each step. What is tiny is made
// large by zooming: with the buttons, with + − ← → 0, or by choosing a phase.
import { ChevronLeft, ChevronRight, Maximize2, ZoomIn, ZoomOut } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../../ui/Button";
import { classes } from "../../ui/class";
import { Sentence } from "../../ui/Sentence";
import {
  around,
  panned,
  place,
  precise,
  ticks,
  tickText,
  whole,
  zoomed,
  type Bar,
  type Mark,
  type Span,
  type Timeline,
} from "./timeline";
import css from "./TimelineChart.module.css";

/** What a key does to the window. */
const KEYS: Record<string, (window: Span, line: Timeline) => Span> = {
  "+": (window, line) => zoomed(window, 0.5, center(window), line),
  "=": (window, line) => zoomed(window, 0.5, center(window), line),
  "-": (window, line) => zoomed(window, 2, center(window), line),
  ArrowLeft: (window, line) => panned(window, -0.25, line),
  ArrowRight: (window, line) => panned(window, 0.25, line),
  "0": (_, line) => whole(line),
};

function center(window: Span): number {
  return (window.from + window.to) / 2;
}

export function TimelineChart({ line }: { line: Timeline }) {
  const { t } = useTranslation("recoveries");
  // null: the whole line, however long it grows.
  const [chosen, setChosen] = useState<Span | null>(null);
  const [shown, setShown] = useState<Mark | null>(null);
  const window = chosen ?? whole(line);
  const press = (key: string) => {
    const next = KEYS[key]?.(window, line);
    if (next) setChosen(next.to - next.from >= line.ends ? null : next);
    return next !== undefined;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && press(event.key))
      event.preventDefault();
  };
  return (
    <div className={css.chart}>
      <div className={css.tools} role="group" aria-label={t("timeline.zoom")}>
        <span className={css.range}>
          {precise(window.from)} – {precise(window.to)}
        </span>
        <IconButton size="sm" icon={ZoomIn} label={t("timeline.in")} onClick={() => press("+")} />
        <IconButton
          size="sm"
          icon={ZoomOut}
          label={t("timeline.out")}
          onClick={() => press("-")}
          disabled={chosen === null}
        />
        <IconButton
          size="sm"
          icon={ChevronLeft}
          label={t("timeline.earlier")}
          onClick={() => press("ArrowLeft")}
          disabled={chosen === null}
        />
        <IconButton
          size="sm"
          icon={ChevronRight}
          label={t("timeline.later")}
          onClick={() => press("ArrowRight")}
          disabled={chosen === null}
        />
        <IconButton
          size="sm"
          icon={Maximize2}
          label={t("timeline.whole")}
          onClick={() => press("0")}
          disabled={chosen === null}
        />
      </div>
      {/* The keys work wherever the focus is within: on a phase or on a step. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div className={css.plot} onKeyDown={onKeyDown}>
        <Axis window={window} ends={line.ends} />
        {line.bars.map((bar) => (
          <Row
            key={bar.phase}
            bar={bar}
            line={line}
            window={window}
            onZoom={setChosen}
            onShow={setShown}
          />
        ))}
      </div>
      <p className={css.detail} aria-live="polite">
        {shown === null ? (
          <span className={css.hint}>{t("timeline.hint")}</span>
        ) : (
          <Told mark={shown} />
        )}
      </p>
      {line.unwritable && <Unwritable part={line.unwritable} line={line} onZoom={setChosen} />}
    </div>
  );
}

/** What the ground in another colour means; it may be tiny, so it can be zoomed to. */
function Unwritable({
  part,
  line,
  onZoom,
}: {
  part: Span;
  line: Timeline;
  onZoom: (window: Span) => void;
}) {
  const { t } = useTranslation("recoveries");
  const text = t("timeline.unwritable", { time: precise(part.to - part.from) });
  return (
    <div>
      <button
        type="button"
        className={css.legend}
        title={t("timeline.zoomTo", { phase: text })}
        onClick={() => onZoom(around(part, line))}
      >
        <span className={css.swatch} aria-hidden />
        {text}
      </button>
    </div>
  );
}

function Axis({ window, ends }: { window: Span; ends: number }) {
  const marks = ticks(window, 5);
  const step = (marks[1] ?? ends) - (marks[0] ?? 0);
  return (
    <div className={css.axis} aria-hidden>
      {marks.map((at) => (
        <span key={at} className={css.tick} style={{ left: percent(place(window, at)) }}>
          {tickText(at, step, ends)}
        </span>
      ))}
    </div>
  );
}

interface RowProps {
  bar: Bar;
  line: Timeline;
  window: Span;
  onZoom: (window: Span) => void;
  onShow: (mark: Mark | null) => void;
}

function Row({ bar, line, window, onZoom, onShow }: RowProps) {
  const { t } = useTranslation("recoveries");
  const name = t(`phase.${bar.phase}`);
  return (
    <>
      <button
        type="button"
        className={css.name}
        title={t("timeline.zoomTo", { phase: name })}
        onClick={() => onZoom(around({ from: bar.began, to: bar.ended }, line))}
      >
        <span>{name}</span>
        <span className={css.took}>{precise(bar.ended - bar.began)}</span>
      </button>
      <div className={css.track} style={{ height: `${bar.lanes * 0.75 + 0.75}rem` }}>
        {line.unwritable && (
          <div
            className={css.unwritable}
            style={extent(window, line.unwritable.from, line.unwritable.to)}
          />
        )}
        <div
          className={classes(css.bar, css[bar.phase], bar.running && css.running)}
          style={extent(window, bar.began, bar.ended)}
        />
        {bar.marks.map((mark) => (
          <Step key={mark.id} mark={mark} window={window} onShow={onShow} />
        ))}
      </div>
    </>
  );
}

/** A step; out of the window it can still be reached, and brings its sentence. */
function Step({
  mark,
  window,
  onShow,
}: {
  mark: Mark;
  window: Span;
  onShow: (mark: Mark | null) => void;
}) {
  const { t } = useTranslation("recoveries");
  const show = () => onShow(mark);
  const hide = () => onShow(null);
  return (
    <button
      type="button"
      className={classes(css.step, css[mark.phase], mark.running && css.running)}
      style={{ ...extent(window, mark.began, mark.ended), top: `${mark.lane * 0.75 + 0.5}rem` }}
      aria-label={`${t(`phase.${mark.phase}`)}: ${mark.sentence}`}
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onBlur={hide}
      onClick={show}
    />
  );
}

function Told({ mark }: { mark: Mark }) {
  const { t } = useTranslation("recoveries");
  const took = mark.running ? t("state.running") : precise(mark.ended - mark.began);
  return (
    <>
      <strong>{t(`phase.${mark.phase}`)}</strong> +{precise(mark.began)}, {took}:{" "}
      <Sentence>{mark.sentence}</Sentence>
    </>
  );
}

function extent(window: Span, from: number, to: number) {
  const [left, right] = [place(window, from), place(window, to)];
  return { left: percent(left), width: percent(right - left) };
}

function percent(share: number): string {
  return `${share * 100}%`;
}
