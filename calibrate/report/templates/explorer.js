"use strict";
document.querySelectorAll(".explorer").forEach(function (box) {
  var data = JSON.parse(box.querySelector("script").textContent);
  var slider = box.querySelector("input");
  var marker = box.querySelector(".marker");
  var nobody = box.querySelector(".nobody");
  var button = box.querySelector("button");
  function rowAt(cut) {
    for (var i = 0; i < data.rows.length; i += 1) {
      if (data.rows[i].threshold >= cut) { return data.rows[i]; }
    }
    return null;
  }
  function show() {
    var cut = Number(slider.value);
    var row = rowAt(cut);
    box.querySelector(".at").textContent = String(cut);
    box.querySelectorAll("[data-field]").forEach(function (cell) {
      cell.textContent = row ? row[cell.dataset.field] : "\u2013";
    });
    nobody.hidden = row !== null;
    marker.setAttribute("x1", String(cut));
    marker.setAttribute("x2", String(cut));
    button.disabled = cut === data.threshold;
  }
  slider.addEventListener("input", show);
  button.addEventListener("click", function () {
    slider.value = String(data.threshold);
    show();
    slider.focus();
  });
  box.querySelectorAll(".live").forEach(function (part) { part.hidden = false; });
  slider.value = String(data.threshold);
  show();
});
