// The switch that shows what is typed as a password. Every page works without it.
'use strict'

for (const button of document.querySelectorAll('button.reveal')) {
  const input = document.getElementById(button.getAttribute('aria-controls'))
  const show = shown => {
    input.type = shown ? 'text' : 'password'
    button.setAttribute('aria-pressed', shown)
  }
  button.addEventListener('click', () => show(input.type === 'password'))
  // Browsers and password managers remember what they see as text.
  input.form.addEventListener('submit', () => show(false))
  window.addEventListener('pagehide', () => show(false))
  button.hidden = false
}
