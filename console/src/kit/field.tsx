/** Things that are typed and chosen: always with a label, an explanation where one helps, and what is wrong. */
import { type ReactNode, useId } from 'react';
import {
  Checkbox,
  FieldError,
  Input,
  Label,
  Text,
  TextArea,
  TextField,
} from 'react-aria-components';

export function Field({
  label,
  value,
  onChange,
  help,
  error,
  lines = 1,
  autoFocus = false,
  autoComplete = 'off',
  mono = false,
  required = false,
  disabled = false,
  maxLength,
  placeholder,
  onEnter,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  readonly lines?: number;
  readonly autoFocus?: boolean;
  readonly autoComplete?: string;
  readonly mono?: boolean;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly maxLength?: number;
  readonly placeholder?: string;
  readonly onEnter?: () => void;
}): ReactNode {
  const shared = {
    className: mono ? 'input mono' : 'input',
    spellCheck: false,
    autoCapitalize: 'off',
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(placeholder === undefined ? {} : { placeholder }),
  } as const;
  return (
    <TextField
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={error !== undefined}
      isRequired={required}
      isDisabled={disabled}
      autoFocus={autoFocus}
      autoComplete={autoComplete}
      validationBehavior="aria"
    >
      <Label>{label}</Label>
      {lines > 1 ? (
        <TextArea {...shared} rows={lines} />
      ) : (
        <Input
          {...shared}
          onKeyDown={(event) => {
            if (event.key === 'Enter') onEnter?.();
          }}
        />
      )}
      {help === undefined ? null : (
        <Text slot="description" className="field-help">
          {help}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}

/** One of a few. The browser's own control: it works everywhere, and on a phone as people know it. */
export function Select({
  label,
  value,
  onChange,
  options,
  hideLabel = false,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly (readonly [value: string, says: string])[];
  readonly hideLabel?: boolean;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? 'hidden-visually' : undefined}>
        {label}
      </label>
      <select
        id={id}
        className="input"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map(([each, says]) => (
          <option key={each} value={each}>
            {says}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A few choices side by side: which part of a list is shown. */
export function Choice({
  label,
  value,
  onChange,
  options,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly (readonly [value: string, says: ReactNode])[];
}): ReactNode {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend className="hidden-visually">{label}</legend>
      {options.map(([each, says]) => (
        <label key={each} data-chosen={each === value || undefined}>
          <input
            type="radio"
            name={name}
            value={each}
            checked={each === value}
            onChange={() => onChange(each)}
          />
          {says}
        </label>
      ))}
    </fieldset>
  );
}

export function Check({
  children,
  label,
  checked,
  onChange,
  disabled = false,
}: {
  readonly children?: ReactNode;
  /** Where nothing is written beside it. */
  readonly label?: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}): ReactNode {
  return (
    <Checkbox
      className="check"
      isSelected={checked}
      onChange={onChange}
      isDisabled={disabled}
      {...(label === undefined ? {} : { 'aria-label': label })}
    >
      <span className="check-box" aria-hidden="true">
        <svg viewBox="0 0 24 24">
          <path d="M5 12.500l4.500 4.500L19 7.500" />
        </svg>
      </span>
      {children}
    </Checkbox>
  );
}
