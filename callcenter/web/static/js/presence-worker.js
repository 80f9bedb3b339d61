/* Says every 5 seconds that the operator's page is open; her lease lasts 15. */

self.addEventListener("message", ({ data }) => {
  let beating = 0;
  const beat = async () => {
    try {
      const answer = await fetch(data.address, { method: "POST", redirect: "manual" });
      // Sent elsewhere or refused: nobody is signed in here any more.
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) clearInterval(beating);
    } catch {
      // The line is cut: the next beat tries again.
    }
  };
  beat();
  beating = setInterval(beat, 5000);
});
