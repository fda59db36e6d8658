// The pages and parts of pages that most visits do not begin with, in a file of their own.

import { alertsPage } from "./alerts";
import { boardPage } from "./board";
import { boardsPage } from "./boards";
import { comparePage } from "./compare";
import { hostPage } from "./host";
import { here } from "./later";
import { codeTab } from "./run/code";
import { configTab } from "./run/config";
import { eventsTab } from "./run/events-tab";
import { filesTab } from "./run/files";
import { logsTab } from "./run/logs";
import { sweepPage } from "./sweep";

here.others = { alertsPage, boardPage, boardsPage, codeTab, comparePage, configTab, eventsTab, filesTab, hostPage, logsTab, sweepPage };
