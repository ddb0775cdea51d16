/* The till: keys, scanner, the queue of posts and the payment that is sent once. The server draws the sale area. */

import { arrange, focusBox, setOnline } from "./till-area.js";
import { isPending, settle } from "./till-pay.js";
import "./till-sale.js";
import "./till-keys.js";
import "./till-perks.js";
import "./till-pin.js";

addEventListener("popstate", () => location.reload());
addEventListener("offline", () => setOnline(false));
addEventListener("online", () => setOnline(true));

const clock = document.querySelector("[data-clock]");
const tick = () => {
  clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
};
tick();
setInterval(tick, 10000);

arrange();
if (isPending()) settle();
else focusBox();
document.documentElement.dataset.ready = "till";

