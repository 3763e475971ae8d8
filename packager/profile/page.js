// Zooms into the icicle, and tells of the block that is pointed at or focused.
for (const icicle of document.querySelectorAll(".icicle")) {
  const blocks = [...icicle.querySelectorAll(".block")];
  const detail = icicle.parentElement.nextElementSibling;
  const number = (block, name) => Number(block.dataset[name]);
  const end = (block) => number(block, "start") + number(block, "ms");
  const whole = { start: 0, ms: Number(icicle.dataset.ms) };

  const show = ({ start, ms }) => {
    for (const block of blocks) {
      block.style.left = `${((number(block, "start") - start) / ms) * 100}%`;
      block.style.width = `${(number(block, "ms") / ms) * 100}%`;
    }
  };
  const tell = (block) => { detail.textContent = block.getAttribute("aria-label"); };
  const choose = (block) => {
    if (!block) return;
    for (const each of blocks) each.tabIndex = each === block ? 0 : -1;
    block.focus();
  };
  const next = {
    ArrowRight: (block) => blocks.find((each) =>
      each.dataset.depth === block.dataset.depth && number(each, "start") > number(block, "start")),
    ArrowLeft: (block) => blocks.findLast((each) =>
      each.dataset.depth === block.dataset.depth && number(each, "start") < number(block, "start")),
    ArrowDown: (block) => blocks.find((each) =>
      number(each, "depth") === number(block, "depth") + 1
      && number(each, "start") >= number(block, "start") && number(each, "start") < end(block)),
    ArrowUp: (block) => blocks.findLast((each) =>
      number(each, "depth") === number(block, "depth") - 1
      && number(each, "start") <= number(block, "start")),
  };

  icicle.addEventListener("click", (event) => {
    const block = event.target.closest(".block");
    if (block) show({ start: number(block, "start"), ms: number(block, "ms") });
  });
  icicle.addEventListener("keydown", (event) => {
    const move = next[event.key];
    if (event.key === "Escape") show(whole);
    else if (move && event.target.matches(".block")) choose(move(event.target));
    else return;
    event.preventDefault();
  });
  for (const kind of ["mouseover", "focusin"]) {
    icicle.addEventListener(kind, (event) => {
      const block = event.target.closest(".block");
      if (block) tell(block);
    });
  }
  icicle.parentElement.previousElementSibling.querySelector("button")
    .addEventListener("click", () => show(whole));
}
