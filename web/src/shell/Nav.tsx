import { useTranslation } from "react-i18next";
import { Link, NavLink } from "react-router";
import { useClusters } from "../api/queries/clusters";
import css from "./Shell.module.css";
import { usePages } from "./pages";

export function Nav() {
  const { t } = useTranslation("shell");
  const pages = usePages();
  return (
    <>
      <Link to="/" className={css.brand}>
        <img src="/favicon.svg" alt="" width={22} height={22} />
        Lictor
      </Link>
      <nav aria-label={t("nav.label")}>
        <ul className={css.nav}>
          {pages.map(({ key, to, icon: Icon }) => (
            <li key={key}>
              <NavLink to={to} end={to === "/"} className={css.link}>
                <Icon aria-hidden size={16} />
                {t(`nav.${key}`)}
                {key === "problems" && <OpenProblems />}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}

/** How many critical problems are open in the fleet. */
function OpenProblems() {
  const { t } = useTranslation();
  const { data } = useClusters();
  const critical = data?.reduce((sum, cluster) => sum + cluster.problems.critical, 0) ?? 0;
  if (critical === 0) return null;
  return (
    <span className={css.count}>
      {critical}
      <span className="visually-hidden"> {t("severity.critical")}</span>
    </span>
  );
}
