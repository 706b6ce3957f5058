// Asks for the wallboard again and again, and shows what came. Where nothing comes it says so: old numbers are never shown as new ones.
(() => {
  const EVERY_MS = 5000;
  const again = async () => {
    try {
      const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(EVERY_MS) });
      if (answer.status === 401 || answer.status === 403) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(`the server says ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.querySelector('main').replaceWith(page.querySelector('main'));
    } catch {
      document.getElementById('says').textContent = 'These numbers are old: the server does not answer.';
      document.querySelector('.wallboard').classList.add('old');
    }
    setTimeout(again, EVERY_MS);
  };
  setTimeout(again, EVERY_MS);
})();
