// Chinese. One file per page.
import access from "./access.json";
import audit from "./audit.json";
import availability from "./availability.json";
import cluster from "./cluster.json";
import common from "./common.json";
import config from "./config.json";
import controlPlane from "./control-plane.json";
import fleet from "./fleet.json";
import node from "./node.json";
import orders from "./orders.json";
import problems from "./problems.json";
import recoveries from "./recoveries.json";
import routing from "./routing.json";
import shell from "./shell.json";
import subscribers from "./subscribers.json";
import tokens from "./tokens.json";

export default {
  access,
  audit,
  availability,
  cluster,
  common,
  config,
  "control-plane": controlPlane,
  fleet,
  node,
  orders,
  problems,
  recoveries,
  routing,
  shell,
  subscribers,
  tokens,
};
