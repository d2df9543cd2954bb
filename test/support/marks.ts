/** Returns true for the field managers of marked writes. A fence, which leaves a count as it is, is none. */
export const isMark = (fieldManager: string): boolean => /^receiver-hooks\.(?!fence\.)/.test(fieldManager)
