// Before every page: who is not logged in logs in first, and is then where they wanted to go.
import { useStanding } from "../session";
import { isForPeople } from "../api/access";
import { Login } from "./Login";
import { NotForPeople } from "./NotForPeople";
import { Shell } from "./Shell";

export function Gate() {
  const standing = useStanding();
  switch (standing.state) {
    case "asking":
      return standing.error === null ? null : <Login unanswered={standing.error} />;
    case "out":
      return <Login ended={standing.ended} />;
    case "in": {
      const { token } = standing.session;
      // Another token may see other things: nothing of the last one's pages stays.
      return isForPeople(token.role) ? <Shell key={token.id} /> : <NotForPeople token={token} />;
    }
  }
}
