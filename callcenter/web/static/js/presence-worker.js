/* Says every 5 seconds that the operator's page is open; her lease lasts 15. Tells the page when that changes its sense:
   "elsewhere", her desk is in another browser of hers; "here", it is in this one again, for the other was closed;
   "gone", nobody is signed in here. */

self.addEventListener("message", ({ data }) => {
  let beating = 0;
  let was = "here";
  const tell = (how) => {
    if (how !== was) self.postMessage(how);
    was = how;
  };
  const beat = async () => {
    try {
      const answer = await fetch(data.address, { method: "POST", redirect: "manual" });
      // Sent elsewhere or refused: nobody is signed in here any more.
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        clearInterval(beating);
        tell("gone");
      } else if (answer.status === 409) tell("elsewhere");
      else if (answer.ok) tell("here");
    } catch {
      // The line is cut: the next beat tries again.
    }
  };
  beating = setInterval(beat, 5000);
  beat();
});
