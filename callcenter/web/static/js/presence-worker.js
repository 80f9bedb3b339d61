/* Says every 5 seconds that the operator's page is open; her lease lasts 15. Tells the page when that has no sense any
   more: "elsewhere", her desk is in another browser of hers; "gone", nobody is signed in here. */

self.addEventListener("message", ({ data }) => {
  let beating = 0;
  const stop = (why) => {
    clearInterval(beating);
    self.postMessage(why);
  };
  const beat = async () => {
    try {
      const answer = await fetch(data.address, { method: "POST", redirect: "manual" });
      // Sent elsewhere or refused: nobody is signed in here any more.
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) stop("gone");
      else if (answer.status === 409) stop("elsewhere");
    } catch {
      // The line is cut: the next beat tries again.
    }
  };
  beating = setInterval(beat, 5000);
  beat();
});
