// The pages that most visits do not begin with, in a file of their own: the table of runs need not wait for what draws
// charts.

import { alertsPage } from "./alerts";
import { boardPage } from "./board";
import { boardsPage } from "./boards";
import { comparePage } from "./compare";
import { here } from "./here";
import { hostPage } from "./host";
import { runPage } from "./run";
import { sweepPage } from "./sweep";

here.others = { alertsPage, boardPage, boardsPage, comparePage, hostPage, runPage, sweepPage };
