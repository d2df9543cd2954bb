/** Says what a sender can do at worst. Nothing for an invalid hook. */
export const Worst = ({ isOpen, sentences }: { isOpen: boolean; sentences: readonly string[] }) =>
  sentences.length === 0 ? null : (
    <details open={isOpen}>
      <summary>The worst that a sender can do</summary>
      <ul class="help">
        {sentences.map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  )
