/* A caller who has been on hold for a minute is called to mind, once a hold: the desk says what the element says. */

const rendered = Number(document.documentElement.dataset.now ?? 0) * 1000;
const ahead = rendered ? rendered - Date.now() : 0;
let told = "";

setInterval(() => {
  const due = document.querySelector("#desk-card [data-reminds-at]");
  if (!due || due.dataset.remindsAt === told || (Date.now() + ahead) / 1000 < Number(due.dataset.remindsAt)) return;
  told = due.dataset.remindsAt;
  due.click();
}, 1000);
