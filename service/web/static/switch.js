// The buttons for language and size send the form that was typed into last, which comes back with everything in it.
(() => {
  let typed = null;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.id.startsWith("do-")) typed = form;
  });
  for (const button of document.querySelectorAll(".tools button")) {
    button.addEventListener("click", () => {
      if (!typed?.isConnected) return;
      button.setAttribute("form", typed.id);
      button.formNoValidate = true;
    });
  }
})();
