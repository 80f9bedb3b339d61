/* Lists of open loops read themselves again: what somebody has opened, or is choosing, stays as it stands. */

Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
  if (old.nodeType !== 1) return true;
  if (old.localName === "details" && old.id && old.id === fresh.id && old.open) fresh.setAttribute("open", "");
  return !("keep" in old.dataset && old.id && old.id === fresh.id);
};
