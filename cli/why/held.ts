import type { StoredObject } from '../../src/api/object.ts'
import { heldName, fieldPath, holdOf, productManager, statedHold, valueIn } from '../../src/steps/target/holds.ts'
import type { FieldValue, Hold } from '../../src/steps/target/holds.ts'
import { ownersOf, type FieldOwner } from '../../src/steps/target/managers.ts'
import type { Version } from '../../src/steps/target/target.ts'
import { viaHold } from '../../src/steps/target/via-hold.ts'
import { shownCount } from '../../src/record/count-name.ts'
import { targetText } from '../../src/steps/target/text.ts'
import { heldCount, viaScale } from '../../src/steps/target/via-scale.ts'
import type { Account } from './account.ts'
import type { Said } from './said.ts'
import type { Subject, SubjectCount } from './subject.ts'

/** Who holds a field at one value. */
export interface Holders {
  readonly held: NonNullable<SubjectCount['held']>
  /** The value of the field, and what it is about: `CronJob/report suspend=true`. */
  readonly shownAs: string
  readonly account: Account
  readonly said: Said
}

/** A field that hooks can hold, with everything that is known about it. */
export interface ExplainedField {
  readonly namespace: string
  /** The object, such as `CronJob/report`. */
  readonly object: string
  /** The field, such as `spec.suspend`. */
  readonly name: string
  readonly value: FieldValue | undefined
  /** Undefined if nobody holds the field now. */
  readonly hold: Hold | undefined
  /** Who else has set the field, the newest first. */
  readonly authors: readonly FieldOwner[]
  readonly holders: readonly Holders[]
}

/** Returns how many hold each value of each field, as far as the object says so. */
export const holdsOf = ({ holdable, name }: Subject, object: StoredObject): readonly SubjectCount[] =>
  holdable.flatMap(kind =>
    Object.keys(statedHold(object, kind.field)?.n ?? {}).map(value => {
      const at = viaHold(kind, value)
      const target = { type: kind.type, namespace: object.metadata.namespace ?? '', name, at }
      return { shownAs: shownCount(targetText(target)), at, held: { kind, value } }
    }),
  )

/** Returns the fields that are held, or were. An object without a count has a field even if nobody has held it. */
export const heldFieldsOf = (
  { counts, holdable, name }: Subject,
  object: StoredObject,
  holders: readonly Holders[],
  namespace: string,
): readonly ExplainedField[] =>
  holdable
    .map(kind => ({
      namespace,
      object: `${kind.type.kind}/${name}`,
      name: heldName(kind.field),
      value: valueIn(object, kind.field),
      hold: holdOf(object, kind.field),
      authors: ownersOf(object, fieldPath(kind.field)).filter(({ manager }) => manager !== productManager),
      holders: holders.filter(({ held }) => held.kind === kind),
    }))
    .filter(({ holders: some }) => some.length > 0 || counts(object).length === 0)

/** Returns a version of a count as it would be if nobody held it, and what the holds have added to it. */
export const withoutHold = (
  object: StoredObject,
  { at }: SubjectCount,
  version: Version,
): { readonly version: Version; readonly put: number } => {
  const hold = at.text === viaScale.text ? heldCount(object) : undefined
  if (hold?.at === undefined) return { version, put: 0 }
  const count = Number(hold.was ?? 0)
  return { version: { ...version, count }, put: version.count - count }
}
